"""What the people of a filled inbox are called, and what they talk about. Frequent words come first."""

FIRST_NAMES = """
    María José Ana Pedro Carolina Juan Francisca Diego Camila Luis Daniela Felipe Sofía Andrés Valentina
    Rodrigo Constanza Ignacio Paula Sebastián Javiera Tomás Fernanda Matías Isidora Benjamín Catalina Hugo
"""
LAST_NAMES = """
    González Muñoz Rojas Díaz Pérez Soto Contreras Silva Martínez Sepúlveda Morales Rodríguez López Araya
    Fuentes Hernández Torres Espinoza Flores Castillo Valenzuela Ramírez Reyes Gutiérrez Castro Vargas
    Álvarez Vásquez Tapia Fernández Sánchez Cortés Gómez Herrera Carrasco Núñez Miranda Jara Vergara Peña
"""
TALK = """
    de la que el en y a los se del las un por con no una su para es al lo como más pero sus le ya o este sí
    quiero auto precio mañana hora tienen saber puedo hoy tarde cuándo dónde cuánto sucursal prueba manejo
    modelo color blanco rojo gris entrega financiamiento pie cuota cuotas crédito seguro mantención
    kilómetros revisión taller repuesto repuestos camioneta sedán automático mecánico bencina diésel híbrido
    eléctrico cotización cotizar comprar vender usado nuevo patente papeles transferencia banco pago efectivo
    tarjeta contrato firma llaves neumáticos aceite frenos batería luz espejo parabrisas asiento cuero
    pantalla cámara sensor maleta viaje familia trabajo ciudad campo norte sur Santiago Temuco Concepción
"""
# Of these the rare words are made.
SYLLABLES = """
    ba ca da fa ga la ma na pa ra sa ta ve ce de re si li mi ti vo co lo mo pu cu tu lu bri tra
"""
